"""Rules for acquisition, image, pixels and their presentation (PS3.3 sections C.7.6, C.7.10, C.8, C.11)."""

from __future__ import annotations

from dicomseries.derivation.rules.rule import Section

__all__ = ["SECTIONS"]

_SCANNED = "the data were acquired so, whatever was computed from them"
_GRID = "it follows from the grid of the new array"
_FORMAT = "it follows from the type and values of the new array"

SECTIONS: tuple[Section, ...] = (
    # ----------------------------------------------------------------------------------------------- C.7.10.1
    Section(
        "acquisition",
        "keep",
        _SCANNED,
        """
        AcquisitionUID AcquisitionDate AcquisitionTime AcquisitionDateTime AcquisitionDuration AcquisitionNumber
        IrradiationEventUID AcquisitionContextSequence AcquisitionContextDescription
        AcquisitionProtocolName AcquisitionProtocolDescription
        AcquisitionComments AcquisitionStartCondition AcquisitionStartConditionData AcquisitionTerminationCondition
        AcquisitionTerminationConditionData
        """,
    ),
    # ------------------------------------------------------------------- C.7.6.4, C.7.6.12, C.7.6.22, C.7.6.13
    Section(
        "acquisition",
        "keep",
        "the patient had it at the time of the scan",
        """
        ContrastBolusAgent ContrastBolusAgentSequence ContrastBolusAdministrationRouteSequence ContrastBolusRoute
        ContrastBolusVolume ContrastBolusStartTime ContrastBolusStopTime ContrastBolusTotalDose ContrastFlowRate
        ContrastFlowDuration ContrastBolusIngredient ContrastBolusIngredientConcentration DeviceSequence
        InterventionSequence InterventionDrugInformationSequence RadiopharmaceuticalInformationSequence
        Radiopharmaceutical RadiopharmaceuticalRoute RadiopharmaceuticalVolume RadiopharmaceuticalStartTime
        RadiopharmaceuticalStopTime RadionuclideTotalDose RadionuclideHalfLife RadionuclidePositronFraction
        RadionuclideCodeSequence IsotopeNumber ContainerIdentifier IssuerOfTheContainerIdentifierSequence
        AlternateContainerIdentifierSequence ContainerTypeCodeSequence ContainerDescription
        ContainerComponentSequence SpecimenDescriptionSequence
        """,
    ),
    # ------------------------------------------------------------------------------------------ C.8.2.1 and C.8.15
    Section(
        "CT acquisition",
        "keep",
        _SCANNED,
        """
        ScanOptions KVP DataCollectionDiameter DistanceSourceToDetector DistanceSourceToPatient GantryDetectorTilt
        GantryDetectorSlew TableHeight RotationDirection ExposureTime XRayTubeCurrent Exposure ExposureInuAs
        ExposureTimeInuS XRayTubeCurrentInuA ExposureInmAs ExposureTimeInms XRayTubeCurrentInmA
        ImageAndFluoroscopyAreaDoseProduct FilterType FilterMaterial GeneratorPower FocalSpots RevolutionTime
        SingleCollimationWidth TotalCollimationWidth TableSpeed TableFeedPerRotation SpiralPitchFactor
        ExposureModulationType CTDIvol CTDIPhantomTypeCodeSequence EstimatedDoseSaving
        CTAdditionalXRaySourceSequence MultienergyCTAcquisition MultienergyCTAcquisitionSequence
        MultienergyCTXRaySourceSequence MultienergyCTXRayDetectorSequence MultienergyCTPathSequence
        MultienergyCTProcessingSequence MultienergyCTCharacteristicsSequence EnergyWeightingFactor
        WaterEquivalentDiameterCalculationMethodCodeSequence ScanArcType DetectorPositioningType
        XRay3DAcquisitionSequence AveragePulseWidth RadiationSetting RadiationMode TypeOfFilters IntensifierSize
        ImagerPixelSpacing Grid AnodeTargetMaterial BodyPartThickness CompressionForce FieldOfViewShape
        FieldOfViewDimensions DetectorType DetectorID
        """,
    ),
    Section(
        "CT acquisition",
        "keep",
        "it is true of a slice in that place",
        """
        SliceLocation SliceThickness TablePosition DataCollectionCenterPatient ReconstructionTargetCenterPatient
        WaterEquivalentDiameter ScanStartPositionSequence ScanStopPositionSequence
        """,
        "same slice",
    ),
    Section(
        "CT acquisition",
        "keep",
        "factors of a measurement on the source's values",
        "CalciumScoringMassFactorPatient CalciumScoringMassFactorDevice",
        "unfiltered",
    ),
    Section(
        "reconstruction",
        "keep",
        "a filter gives the noise and sharpness of another kernel",
        """
        ConvolutionKernel ConvolutionKernelGroup ReconstructionAlgorithm ImageFilter XRay3DReconstructionSequence
        KSpaceFiltering
        """,
        "unfiltered",
    ),
    Section(
        "reconstruction",
        "keep",
        "it says which part of the patient the rows and columns cover, and how",
        """
        ReconstructionDiameter ReconstructionFieldOfView ReconstructionPixelSpacing ReconstructionAngle
        ReconstructionIndex PatientOrientation InPlanePhaseEncodingDirection AcquisitionMatrix
        SliceProgressionDirection PixelSpacingCalibrationType PixelSpacingCalibrationDescription
        NominalScannedPixelSpacing
        """,
        "same grid",
    ),
    # ------------------------------------------------------------------------------------------ C.8.3.1 and C.8.13
    Section(
        "MR acquisition",
        "keep",
        _SCANNED,
        """
        ScanningSequence SequenceVariant MRAcquisitionType SequenceName AngioFlag RepetitionTime EchoTime
        InversionTime InversionTimes NumberOfAverages ImagingFrequency ImagedNucleus EchoNumbers
        MagneticFieldStrength NumberOfPhaseEncodingSteps EchoTrainLength PercentSampling PercentPhaseFieldOfView
        PixelBandwidth ReceiveCoilName TransmitCoilName FlipAngle VariableFlipAngleFlag SAR dBdt B1rms
        DiffusionBValue DiffusionGradientOrientation DiffusionDirectionality DiffusionGradientDirectionSequence
        DiffusionBMatrixSequence DiffusionAnisotropyType ComplexImageComponent
        AcquisitionContrast ResonantNucleus ApplicableSafetyStandardAgency ApplicableSafetyStandardDescription
        PulseSequenceName EchoPulseSequence MultipleSpinEcho MultiPlanarExcitation PhaseContrast
        TimeOfFlightContrast SteadyStatePulseSequence EchoPlanarPulseSequence SaturationRecovery
        SpectrallySelectedSuppression OversamplingPhase GeometryOfKSpaceTraversal SegmentedKSpaceTraversal
        RectilinearPhaseEncodeReordering VelocityEncodingAcquisitionSequence NumberOfKSpaceTrajectories
        CoverageOfKSpace ArterialSpinLabelingContrast FunctionalSettlingPhaseFramesPresent
        ChemicalShiftReference MRSpectroscopyAcquisitionType WaterReferencedPhaseCorrection
        TagThickness TagAngleFirstAxis TagAngleSecondAxis TagSpacingFirstDimension TagSpacingSecondDimension
        """,
    ),
    Section(
        "acquisition",
        "keep",
        "the acquisition was gated so",
        """
        TriggerTime NominalInterval BeatRejectionFlag LowRRValue HighRRValue IntervalsAcquired IntervalsRejected
        PVCRejection SkipBeats HeartRate CardiacNumberOfImages TriggerWindow CardiacFramingType
        CardiacSynchronizationTechnique CardiacRRIntervalSpecified CardiacSignalSource CardiacBeatRejectionTechnique
        RespiratoryMotionCompensationTechnique RespiratorySignalSource RespiratoryTriggerType
        RespiratoryTriggerDelayThreshold BulkMotionCompensationTechnique BulkMotionSignalSource
        NumberOfRRIntervals NumberOfTimeSlots TimeSlotTime FrameTime
        """,
    ),
    # -------------------------------------------------------------------------------------------------- C.8.9
    Section(
        "PET acquisition",
        "keep",
        _SCANNED,
        """
        CollimatorGridName CollimatorType CorrectedImage EnergyWindowRangeSequence TypeOfDetectorMotion
        ScanProgressionDirection CountsSource RandomsCorrectionMethod AttenuationCorrectionMethod DecayCorrection
        DecayFactor ReconstructionMethod DetectorLinesOfResponseUsed ScatterCorrectionMethod AxialAcceptance
        AxialMash TransverseMash DetectorElementSize CoincidenceWindowWidth SecondaryCountsType ActualFrameDuration
        FrameReferenceTime ReprojectionMethod CountsAccumulated CountRate ScanVelocity ScanLength
        WholeBodyTechnique TableTraverse
        """,
    ),
    Section(
        "PET acquisition",
        "keep",
        "counts and factors belong to a slice in that place",
        """
        PrimaryPromptsCountsAccumulated SecondaryCountsAccumulated SliceSensitivityFactor DoseCalibrationFactor
        ScatterFractionFactor DeadTimeFactor
        """,
        "same slice",
    ),
    Section(
        "PET acquisition",
        "change",
        "only a whole-body scan is one still; the new array says the rest",
        "SeriesType",
    ),
    Section("values", "keep", "values of the same quantity have the same unit", "Units SUVType"),
    # ------------------------------------------------------------------------------------------------ C.7.6.1
    Section("image", "change", "derived pixels are no scanner's own (C.7.6.1.1.2)", "ImageType"),
    Section(
        "image",
        "owned",
        "the files are numbered anew, along the normal",
        "InstanceNumber ImageIndex",
    ),
    Section("image", "new", "the pixels were made now", "ContentDate ContentTime"),
    Section(
        "image",
        "drop",
        "somebody wrote it of other pixels",
        "ImageComments QualityControlImage FrameComments",
    ),
    Section("image", "drop", "it is a small picture of other pixels", "IconImageSequence"),
    Section(
        "image",
        "keep forever",
        "text that was burned in stays in what is computed from it",
        "BurnedInAnnotation",
    ),
    Section(
        "image",
        "keep forever",
        "what was lost once is lost for ever (C.7.6.1.1.5)",
        """
        LossyImageCompression LossyImageCompressionRatio LossyImageCompressionMethod LossyImageCompressionRetired
        """,
    ),
    # ------------------------------------------------------------------------------------------------ C.7.6.2
    Section(
        "geometry",
        "owned",
        _GRID,
        """
        ImagePositionPatient ImageOrientationPatient ImagePosition ImageOrientation Location PixelSpacing
        SpacingBetweenSlices PixelAspectRatio NumberOfSlices NumberOfFrames FrameIncrementPointer
        """,
    ),
    Section(
        "time",
        "owned",
        "it follows from the volumes of the new array and their times",
        """
        TemporalPositionIdentifier NumberOfTemporalPositions TemporalResolution NumberOfTimeSlices TemporalPositionIndex
        TemporalPositionTimeOffset NumberOfPhases
        """,
    ),
    Section("time", "drop", "it counts the source's images", "ImagesInAcquisition"),
    # --------------------------------------------------------------------------------- C.7.6.3, C.7.6.24, C.7.6.25
    Section(
        "pixels",
        "owned",
        _FORMAT,
        """
        SamplesPerPixel PlanarConfiguration Rows Columns BitsAllocated BitsStored HighBit PixelRepresentation PixelData
        FloatPixelData DoubleFloatPixelData PixelPaddingRangeLimit FloatPixelPaddingValue FloatPixelPaddingRangeLimit
        DoubleFloatPixelPaddingValue DoubleFloatPixelPaddingRangeLimit PixelPresentation
        """,
    ),
    Section(
        "pixels",
        "drop",
        "it describes how other pixels were stored, or their colours",
        """
        SmallestImagePixelValue LargestImagePixelValue SmallestPixelValueInSeries LargestPixelValueInSeries
        SmallestImagePixelValueInPlane LargestImagePixelValueInPlane PixelDataProviderURL ExtendedOffsetTable
        ExtendedOffsetTableLengths EncapsulatedPixelDataValueTotalLength RedPaletteColorLookupTableDescriptor
        GreenPaletteColorLookupTableDescriptor BluePaletteColorLookupTableDescriptor
        AlphaPaletteColorLookupTableDescriptor RedPaletteColorLookupTableData GreenPaletteColorLookupTableData
        BluePaletteColorLookupTableData AlphaPaletteColorLookupTableData SegmentedRedPaletteColorLookupTableData
        SegmentedGreenPaletteColorLookupTableData SegmentedBluePaletteColorLookupTableData
        PaletteColorLookupTableUID ICCProfile ColorSpace PixelIntensityRelationship PixelIntensityRelationshipSign
        """,
    ),
    # ------------------------------------------------------------------------------------------- C.11.1, C.7.6.16.2
    Section(
        "values",
        "owned",
        "it follows from how the new values are stored",
        "RescaleSlope RescaleIntercept",
    ),
    Section(
        "values",
        "judge",
        "it names the quantity and how to look at it, which the table of values decides",
        """
        RescaleType MeasurementUnitsCodeSequence QuantityDefinitionSequence LUTLabel LUTExplanation
        PhotometricInterpretation PixelPaddingValue WindowCenter WindowWidth WindowCenterWidthExplanation
        VOILUTFunction
        """,
    ),
    Section(
        "values",
        "drop",
        "it maps stored values that are gone",
        """
        ModalityLUTSequence RealWorldValueMappingSequence RealWorldValueSlope RealWorldValueIntercept
        RealWorldValueFirstValueMapped RealWorldValueLastValueMapped RealWorldValueLUTData
        DoubleFloatRealWorldValueFirstValueMapped DoubleFloatRealWorldValueLastValueMapped DoseGridScaling
        """,
    ),
    # --------------------------------------------------------------------------------------------- C.11.2, C.9
    Section(
        "presentation",
        "owned",
        "it follows from PhotometricInterpretation",
        "PresentationLUTShape",
    ),
    Section(
        "presentation",
        "drop",
        "it says how to look at other pixels",
        """
        VOILUTSequence SoftcopyVOILUTSequence PresentationLUTSequence RecommendedViewingMode
        RecommendedDisplayFrameRate RecommendedDisplayFrameRateInFloat CineRate StartTrim StopTrim
        PreferredPlaybackSequencing EffectiveDuration FrameDelay FrameTimeVector ImageTriggerDelay
        MultiplexedAudioChannelsDescriptionCodeSequence RepresentativeFrameNumber FrameNumbersOfInterest
        FrameOfInterestDescription FrameOfInterestType MaskSubtractionSequence DisplayWindowLabelVector
        PageNumberVector FrameLabelVector FramePrimaryAngleVector FrameSecondaryAngleVector SliceLocationVector
        SimpleFrameList RWavePointer OverlayDate OverlayTime CurveDate CurveTime
        """,
    ),
    # -------------------------------------------------------------------------------------------- C.8.6, C.8.20
    Section(
        "other objects",
        "drop",
        "it says how a picture was captured or scanned, not computed",
        """
        ConversionType SecondaryCaptureDeviceID SecondaryCaptureDeviceManufacturer
        SecondaryCaptureDeviceManufacturerModelName SecondaryCaptureDeviceSoftwareVersions VideoImageFormatAcquired
        DigitalImageFormatAcquired DateOfSecondaryCapture TimeOfSecondaryCapture DigitizingDeviceTransportDirection
        RotationOfScannedFilm Illumination ReflectedAmbientLight HardcopyDeviceManufacturer
        HardcopyCreationDeviceID HardcopyDeviceSoftwareVersion FilmDestination
        """,
    ),
    Section(
        "other objects",
        "new",
        "the content of the result has its own name, maker and segments",
        """
        ContentLabel ContentDescription ContentCreatorName ContentCreatorIdentificationCodeSequence
        AlternateContentDescriptionSequence ConceptNameCodeSequence SegmentSequence SegmentationType SegmentsOverlap
        SegmentationFractionalType MaximumFractionalValue ReferencedSegmentNumber
        """,
    ),
    Section(
        "other objects",
        "drop",
        "it is said of projections, ultrasound or documents",
        """
        PlateType AcquisitionDeviceProcessingCode CassetteOrientation CassetteSize ExposuresOnPlate Sensitivity
        PositionerMotion PositionerPrimaryAngle PositionerSecondaryAngle StageName StageNumber NumberOfStages ViewName
        ViewNumber NumberOfViewsInStage TransducerData TransducerType ProcessingFunction SequenceOfUltrasoundRegions
        UltrasoundColorDataPresent ReferencePixelX0 PhysicalUnitsXDirection WaveformAnnotationSequence ValueType
        ContinuityOfContent ContentSequence CompletionFlag CompletionFlagDescription VerificationFlag
        ObservationDateTime VerifyingObserverSequence PredecessorDocumentsSequence DocumentClassCodeSequence
        """,
    ),
    Section(
        "other objects",
        "drop",
        "it describes a slide",
        """
        TotalPixelMatrixColumns TotalPixelMatrixRows TotalPixelMatrixOriginSequence ImageOrientationSlide
        TotalPixelMatrixFocalPlanes ColumnPositionInTotalImagePixelMatrix RowPositionInTotalImagePixelMatrix
        XOffsetInSlideCoordinateSystem YOffsetInSlideCoordinateSystem ZOffsetInSlideCoordinateSystem
        """,
    ),
)
"""Acquisition, image, geometry, values and presentation."""
