"""Units of BIDS keys, and BIDS keys that are no DICOM keywords: made by `tools/make_bids_table.py`."""

from __future__ import annotations

__all__ = ["BIDS_KEYS", "BIDS_UNITS", "BIDS_VERSION"]

BIDS_VERSION = "1.11.2"
"""Of the specification."""

BIDS_UNITS = {
    "AcquisitionDuration": "s",
    "AcquisitionVoxelSize": "mm",
    "AverageCalibrationError": "degree",
    "BackgroundSuppressionPulseTime": "s",
    "BigDelta": "s",
    "BloodDensity": "g/mL",
    "BolusCutOffDelayTime": "s",
    "ChemicalShiftOffset": "ppm",
    "ChemicalShiftReference": "ppm",
    "DelayAfterTrigger": "s",
    "DelayTime": "s",
    "DispersionConstant": "s",
    "DwellTime": "s",
    "EchoTime": "s",
    "EchoTime1": "s",
    "EchoTime2": "s",
    "EffectiveEchoSpacing": "s",
    "EyeTrackerDistance": "m",
    "FlipAngle": "degree",
    "FrameAcquisitionDuration": "s",
    "FrameDuration": "s",
    "FrameTimesStart": "s",
    "FrequencyOffset": "ppm",
    "Gain": "arbitrary",
    "HeadCircumference": "cm",
    "HeadCoilFrequency": "Hz",
    "ImageDecayCorrectionTime": "s",
    "InfusionStart": "s",
    "InjectedVolume": "mL",
    "InjectionEnd": "s",
    "InjectionStart": "s",
    "InterelectrodeDistance": "mm",
    "InversionTime": "s",
    "LabelingDistance": "mm",
    "LabelingDuration": "s",
    "LabelingPulseAverageB1": "uT",
    "LabelingPulseAverageGradient": "mT/m",
    "LabelingPulseDuration": "ms",
    "LabelingPulseFlipAngle": "degree",
    "LabelingPulseInterval": "ms",
    "LabelingPulseMaximumGradient": "mT/m",
    "LabelingSlabThickness": "mm",
    "MTOffsetFrequency": "Hz",
    "MTPulseBandwidth": "Hz",
    "MTPulseDuration": "s",
    "MaxMovement": "mm",
    "MaximalCalibrationError": "degree",
    "MixingTime": "s",
    "PharmaceuticalDoseTime": "s",
    "PostLabelingDelay": "s",
    "PowerLineFrequency": "Hz",
    "Preamplification": "arbitrary",
    "PulseDuration": "ms",
    "PulseSequenceTiming": "s",
    "ReceiveGain": "dB",
    "ReconFilterSize": "mm",
    "RecordingDuration": "s",
    "RepetitionTime": "s",
    "RepetitionTimeExcitation": "s",
    "RepetitionTimePreparation": "s",
    "SamplingFrequency": "Hz",
    "SamplingFrequencyEffective": "Hz",
    "ScanStart": "s",
    "ScreenDistance": "m",
    "ScreenRefreshRate": "Hz",
    "ScreenSize": "m",
    "SliceThickness": "um",
    "SliceTiming": "s",
    "SmallDelta": "s",
    "SpectralWidth": "Hz",
    "SpectrometerFrequency": "MHz",
    "SpoilingGradientDuration": "s",
    "SpoilingGradientMoment": "mT.s/m",
    "SpoilingRFPhaseIncrement": "degree",
    "StartTime": "s",
    "TablePosition": "mm",
    "TotalReadoutTime": "s",
    "TrackedPointsCount": "m",
    "TubingLength": "m",
    "VascularCrushingVENC": "cm/s",
    "VolumeTiming": "s",
    "WithdrawalRate": "mL/s",
}
"""Key of a sidecar → unit of its numbers."""

_WORDS = """
    ACCELChannelCount ANGACCELChannelCount Acknowledgements AcquisitionVoxelSize Anaesthesia AnalyticalApproach
    AnatomicalImage AnatomicalLandmarkCoordinateSystem AnatomicalLandmarkCoordinateSystemDescription
    AnatomicalLandmarkCoordinateUnits AnatomicalLandmarkCoordinates AnchorCoordinates AnchorElectrode
    ArterialSpinLabelingType AssociatedEmptyRoom AttenuationCorrection AttenuationCorrectionMethodReference
    Authors AverageCalibrationError B0FieldIdentifier B0FieldSource B0ShimmingTechnique B1ShimmingTechnique
    BIDSVersion BackgroundSuppression BackgroundSuppressionNumberPulses BackgroundSuppressionPulseTime BasedOn
    BigDelta BloodDensity BodyPart BodyPartDetails BodyPartDetailsOntology BolusCutOffDelayTime BolusCutOffFlag
    BolusCutOffTechnique BrainLocation CASLType CalibrationCount CalibrationPosition CalibrationType
    CalibrationUnit CapManufacturer CapManufacturersModelName CellType ChemicalShiftOffset
    ChunkTransformationMatrix ChunkTransformationMatrixAxis Code CodeURL CogAtlasID CogPOID CoilCombinationMethod
    Container ContainerTag ContainerType ContainerURI ContinuousHeadLocalization CoordinateReportStrategy Curators
    DCOffsetCorrection DOI Database Dataset DatasetDOI DatasetLinks DatasetType DecayCorrectionFactor
    DelayAfterTrigger DelayTime Delimiter Derivative DerivedFrom Description Descriptors DewarPosition
    DigitizedHeadPoints DigitizedHeadPointsCoordinateSystem DigitizedHeadPointsCoordinateSystemDescription
    DigitizedHeadPointsCoordinateUnits DigitizedLandmarks DispersionConstant DispersionCorrected DwellTime
    ECGChannelCount ECOGChannelCount EEGChannelCount EEGCoordinateSystem EEGCoordinateSystemDescription
    EEGCoordinateUnits EEGGround EEGPlacementScheme EEGReference EMGChannelCount EMGCoordinateSystem
    EMGCoordinateSystemDescription EMGCoordinateUnits EMGGround EMGPlacementScheme EMGPlacementSchemeDescription
    EMGReference EOGChannelCount EchoAcquisition EchoTime1 EchoTime2 EditCondition EditPulse EditTarget
    EffectiveEchoSpacing ElectricalStimulation ElectricalStimulationParameters ElectrodeManufacturer
    ElectrodeManufacturersModelName ElectrodeMaterial ElectrodeType EncodingTechnique EpochLength
    EstimationAlgorithm EstimationReference EthicsApprovals EyeTrackerDistance EyeTrackingMethod
    FiducialsCoordinateSystem FiducialsCoordinateSystemDescription FiducialsCoordinateUnits FiducialsCoordinates
    FiducialsDescription Format FrameDuration FrameTimesStart FrequencyOffset Funding GYROChannelCount Gain
    GeneratedBy GeneticLevel Genetics GradientSetType HED HEDVersion Haematocrit HardwareFilters HeadCircumference
    HeadCoilCoordinateSystem HeadCoilCoordinateSystemDescription HeadCoilCoordinateUnits HeadCoilCoordinates
    HeadCoilFrequency HeadStabilization HowToAcknowledge ImageAcquisitionProtocol ImageDecayCorrected
    ImageDecayCorrectionTime Immersion InfusionRadioactivity InfusionSpeed InfusionSpeedUnits InfusionStart
    InjectedMass InjectedMassPerWeight InjectedMassPerWeightUnits InjectedMassUnits InjectedRadioactivity
    InjectedRadioactivityUnits InjectedVolume InjectionEnd InjectionStart Instructions IntendedFor
    InterelectrodeDistance JNTANGChannelCount Keywords LATENCYChannelCount LabelingDistance LabelingDuration
    LabelingEfficiency LabelingLocationDescription LabelingOrientation LabelingPulseAverageB1
    LabelingPulseAverageGradient LabelingPulseDuration LabelingPulseFlipAngle LabelingPulseInterval
    LabelingPulseMaximumGradient LabelingSlabThickness LevelType Levels License LongName LookLocker M0Estimate
    M0Type MAGNChannelCount MEGChannelCount MEGCoordinateSystem MEGCoordinateSystemDescription MEGCoordinateUnits
    MEGREFChannelCount MISCChannelCount MTNumberOfPulses MTOffsetFrequency MTPulseBandwidth MTPulseDuration
    MTPulseShape MTState Magnification Manual ManufacturersModelName MatrixCoilMode MatrixSize MaxMovement
    MaximalCalibrationError Maximum MeasurementToolMetadata MetaboliteAvail MetaboliteMethod
    MetaboliteRecoveryCorrectionApplied Minimum MiscChannelCount MissingValues MixingTime ModeOfAdministration
    MolarActivity MolarActivityMeasTime MolarActivityUnits MotionChannelCount MultibandAccelerationFactor
    MultipartID NIRSChannelCount NIRSCoordinateProcessingDescription NIRSCoordinateSystem
    NIRSCoordinateSystemDescription NIRSCoordinateUnits NIRSDetectorOptodeCount NIRSPlacementScheme
    NIRSSourceOptodeCount Name NegativeContrast NonlinearGradientCorrection NumberOfSpectralPoints
    NumberOfTransients NumberOfVolumesDiscardedByScanner NumberOfVolumesDiscardedByUser
    NumberReceiveCoilActiveElements NumberShots NumberTransmitCoilActiveElements NumericalAperture
    ORNTChannelCount OnsetSource OperatingSystem OtherAcquisitionParameters OuterVolumeSuppression PASLType
    PCASLType POSChannelCount ParentCoordinateSystem PharmaceuticalDoseAmount PharmaceuticalDoseRegimen
    PharmaceuticalDoseTime PharmaceuticalDoseUnits PharmaceuticalName PhaseEncodingDirection PhotoDescription
    PhysioType PixelSize PixelSizeUnits PlasmaAvail PlasmaFreeFraction PlasmaFreeFractionMethod PostLabelingDelay
    PowerLineFrequency Preamplification PromptRate PulseDuration PulseSequenceDetails PulseSequencePulses
    PulseSequenceTiming PulseSequenceType PupilFitMethod Purity RRID RandomRate RawDataFilters RawSources
    ReceiveCoilActiveElements ReceiveGain ReconFilterSize ReconFilterType ReconMethodImplementationVersion
    ReconMethodName ReconMethodParameterLabels ReconMethodParameterUnits ReconMethodParameterValues RecordedEye
    RecordingDuration RecordingType ReferenceSignal ReferencesAndLinks RepetitionTimeExcitation
    RepetitionTimePreparation Resolution RotationOrder RotationRule SEEGChannelCount SampleCoordinateSystem
    SampleEmbedding SampleEnvironment SampleExtractionInstitution SampleExtractionProtocol SampleFixation
    SampleOrigin SamplePrimaryAntibody SampleSecondaryAntibody SampleSize SampleStaining
    SamplingFrequencyEffective ScaleFactor ScanDate ScanStart ScatterFraction ScreenDistance ScreenOrigin
    ScreenRefreshRate ScreenResolution ScreenSize ShortChannelCount SinglesRate SkinPreparation SkullStripped
    SliceEncodingDirection SliceTiming SmallDelta SoftwareFilters SoftwareName SoftwareRRID SoftwareVersion
    SourceDatasets Sources SpatialAxes SpatialReference Species SpecificRadioactivity
    SpecificRadioactivityMeasTime SpecificRadioactivityUnits SpectrometerFrequency SpoilingGradientDuration
    SpoilingGradientMoment SpoilingRFPhaseIncrement SpoilingState SpoilingType StartTime StimulusPresentation
    SubjectArtefactDescription TaskDescription TaskName TermURL TimeZero TissueDeformationScaling TissueOrigin
    TotalAcquiredPairs TotalReadoutTime TracerMolecularWeight TracerMolecularWeightUnits TracerName TracerRadLex
    TracerRadionuclide TracerSNOMED TrackedPointsCount TrackingSystemName TriggerChannelCount TubingLength
    TubingType Type URL VELChannelCount VascularCrushing VascularCrushingVENC Version VisionCorrection
    VolumeAffineMatrix VolumeTiming WaterSuppression WaterSuppressionTechnique WholeBloodAvail WithdrawalRate
    iEEGCoordinateProcessingDescription iEEGCoordinateProcessingReference iEEGCoordinateSystem
    iEEGCoordinateSystemDescription iEEGCoordinateUnits iEEGElectrodeGroups iEEGGround iEEGPlacementScheme
    iEEGReference
"""

BIDS_KEYS = frozenset(_WORDS.split())
"""Keys of sidecars that are no keywords of DICOM."""
